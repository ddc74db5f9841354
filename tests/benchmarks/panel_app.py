"""The chart of the bench in Panel: `panel serve panel_app.py`."""

import panel as pn
import same_chart

pn.extension("vega")
select = pn.widgets.Select(name="Series", options=same_chart.CHOICES)
pn.Column(select, pn.panel(pn.bind(same_chart.chart, select))).servable()
