"""Settings shared by the tests."""

from hypothesis import settings

# A slow machine is not a wrong answer; the seed is fixed so that CI says the same twice.
settings.register_profile("steady", deadline=None, derandomize=True)
settings.load_profile("steady")
