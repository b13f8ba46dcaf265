import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.interface import Event
from testbed.recording.metadata import (
    RecordingContext,
    events_of,
    metadata_text,
    sigmf_metadata,
    whole_ticks,
)

events = st.lists(
    st.builds(
        Event,
        kind=st.sampled_from(["clipped_dac", "clipped_adc", "late"]),
        pulse=st.integers(0, 22),
        first_sample=st.integers(0, 30),
        samples=st.integers(1, 34),
        detail=st.text(max_size=5),
    ),
    unique_by=lambda event: (event.pulse, event.kind),
).map(lambda found: sorted(found, key=lambda event: event.pulse))


def compose(context: RecordingContext, found: list[Event]) -> dict[str, Any]:
    return sigmf_metadata(
        context,
        recorded_utc="2025-01-01T00:00:00.000Z",
        sha512="0" * 128,
        read_back={},
        events=found,
    )


def in_any_order(found: Any) -> list[Event]:
    return sorted(found, key=lambda event: (event.pulse, event.kind))


@given(events)
def test_events_survive(make_context: Callable[..., RecordingContext], found: list[Event]) -> None:
    metadata = json.loads(metadata_text(compose(make_context(), found)))
    assert in_any_order(events_of(metadata["annotations"])) == in_any_order(found)
    starts = [annotation["core:sample_start"] for annotation in metadata["annotations"]]
    assert starts == sorted(starts)


def test_successive_pulses_share_an_annotation(
    make_context: Callable[..., RecordingContext],
) -> None:
    found = [Event("clipped_adc", pulse, 2, 5, "") for pulse in (3, 4, 5, 9)]
    found.insert(1, Event("late", 3, 0, 64, "by 7 ticks"))
    annotations = compose(make_context(), found)["annotations"]
    assert [
        (a["core:label"], a["core:sample_start"], a["core:sample_count"]) for a in annotations
    ] == [
        ("late", 3 * 64, 64),
        ("clipped_adc", 3 * 64 + 2, 2 * 64 + 5),
        ("clipped_adc", 9 * 64 + 2, 5),
    ]


def test_annotations_of_others_are_passed_over() -> None:
    assert events_of([{"core:sample_start": 0, "core:label": "interference"}]) == ()


def test_text_is_the_same_json_with_short_lines(
    make_context: Callable[..., RecordingContext],
) -> None:
    metadata = compose(make_context(), [Event("late", 1, 0, 64, "by 7 ticks")])
    text = metadata_text(metadata)
    assert json.loads(text) == metadata
    assert text.count("\n") < 100
    assert max(map(len, text.splitlines())) < 200


def test_number_that_json_cannot_say_is_refused(
    make_context: Callable[..., RecordingContext],
) -> None:
    context = make_context(configuration={"noise_dbfs": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        metadata_text(compose(context, []))


@pytest.mark.parametrize("values", [None, 5, "12", [1, 2.0], [1, True], [1, None], {"a": 1}])
def test_only_whole_numbers_are_ticks(values: Any) -> None:
    with pytest.raises(ValueError, match=r"no list|whole numbers"):
        whole_ticks(values)


def test_ticks_beyond_double_precision() -> None:
    assert whole_ticks([2**62 + 1, -(2**62) - 1]).tolist() == [2**62 + 1, -(2**62) - 1]
