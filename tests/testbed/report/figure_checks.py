"""What every figure of a report must be, for tests of figures."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

from testbed.report.figure_style import PanelBox, to_png

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SMALLEST_FONT_PT = 9.0


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def assert_publishable(figure: Figure) -> None:
    """Rendered, labelled on both axes of every frame, and in letters that can be read."""
    assert to_png(figure).startswith(PNG_SIGNATURE)
    for axes in figure.axes:
        assert axes.get_ylabel()
        if axes.get_label() != "colour bar":
            assert axes.get_xlabel()
    sizes = [
        FontProperties(size=text.get_fontsize()).get_size_in_points()
        for text in figure.findobj(Text)
        if text.get_text()
    ]
    assert min(sizes) >= SMALLEST_FONT_PT
    assert_nothing_cut_off(figure)


def assert_nothing_cut_off(figure: Figure) -> None:
    """Ticks and labels of every axes lie within the figure and in their own panel."""
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box is not None
        assert box.x0 >= 0.0
        assert box.x1 <= figure.bbox.width
        assert box.y0 >= 0.0
        assert box.y1 <= figure.bbox.height


def assert_stays_in_panel(figure: Figure, panels: Sequence[PanelBox]) -> None:
    """Each axes is cut off from its neighbours' panels without losing a letter."""
    width, height = figure.bbox.width, figure.bbox.height
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box is not None
        inside = [
            panel
            for panel in panels
            if panel.left * width <= box.x0
            and box.x1 <= panel.right * width
            and (1.0 - panel.bottom) * height <= box.y0
            and box.y1 <= (1.0 - panel.top) * height
        ]
        assert len(inside) == 1, axes.get_title(loc="left")
