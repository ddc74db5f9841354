"""`make lab`: JupyterLab knows every option, and the address of the first notebook is right."""

import importlib
import os
import webbrowser

import pytest
from jupyter_server.serverapp import ServerApp
from jupyterlab.labapp import LabApp

from helpers import lab


def options(browser):
    return [word for word in lab.command(browser) if word.startswith("--")]


def test_jupyterlab_knows_every_option():
    known = {"LabApp": LabApp.class_traits(config=True), "ServerApp": ServerApp.class_traits(config=True)}
    given = dict(option[2:].split("=", 1) for option in options(True) if "=" in option)
    for name, value in given.items():
        application, trait = name.split(".")
        assert trait in known[application], name
        if trait.endswith("_class"):
            module, kind = value.rsplit(".", 1)
            assert hasattr(importlib.import_module(module), kind), value
    assert given["LabApp.news_url"] == "None"
    assert given["ServerApp.root_dir"] == str(lab.ROOT)
    assert given["LabApp.default_url"] == "/lab/tree/notebooks/00_start_here.ipynb"
    assert (lab.ROOT / lab.FIRST).is_file()
    assert lab.command(True)[1:3] == ["-m", "jupyterlab"]


@pytest.mark.parametrize("browser", [True, False])
def test_no_browser_is_asked_for_only_where_there_is_none(browser):
    assert ("--no-browser" in options(browser)) == (not browser)


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_only_root_needs_leave(monkeypatch, user, allowed):
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in options(True)) == allowed


@pytest.mark.parametrize(
    ("platform", "display", "found"),
    [("linux", "", False), ("linux", ":0", True), ("darwin", "", True), ("win32", "", True)],
)
def test_a_browser_needs_a_screen(monkeypatch, platform, display, found):
    monkeypatch.setattr(webbrowser, "get", lambda: None)
    monkeypatch.setattr(lab.sys, "platform", platform)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", display)
    assert lab.has_browser() is found


def test_no_browser_at_all(monkeypatch):
    def none():
        raise webbrowser.Error

    monkeypatch.setattr(webbrowser, "get", none)
    monkeypatch.setenv("DISPLAY", ":0")
    assert lab.has_browser() is False


@pytest.mark.parametrize("browser", [True, False])
def test_the_process_becomes_jupyterlab(monkeypatch, capsys, browser):
    started = []
    monkeypatch.setattr(lab, "has_browser", lambda: browser)
    monkeypatch.setattr(os, "execv", lambda *words: started.append(words))
    lab.main()
    assert started == [(lab.sys.executable, lab.command(browser))]
    assert ("open the address below that ends in a token" in capsys.readouterr().out) == (not browser)
