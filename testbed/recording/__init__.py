"""Recordings: what a device gave back, as SigMF with all that is needed to focus it again."""

from testbed.recording.free_space import require_free_space
from testbed.recording.metadata import RecordingContext
from testbed.recording.reader import Recording
from testbed.recording.writer import RecordingWriter, remove_unfinished

__all__ = [
    "Recording",
    "RecordingContext",
    "RecordingWriter",
    "remove_unfinished",
    "require_free_space",
]
