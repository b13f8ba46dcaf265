"""Sequences of Tektronix's AWG5200 and AWG70000 of which every step waits for its trigger."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.visa.link import Link


def delete_sequence(link: Link, name: str) -> None:
    """Delete a sequence, if there is one of the name."""
    for number in range(1, link.query_whole("SLISt:SIZE?") + 1):
        if link.query(f"SLISt:NAME? {number}").strip('"') == name:
            link.write(f'SLISt:SEQuence:DELete "{name}"')
            return


def write_sequence(link: Link, name: str, waveforms: Sequence[str]) -> None:
    """Write a sequence of one track that plays each waveform once, at a trigger of its own.

    The last step leads to itself: there the sequence waits when all others have been played.

    Parameters
    ----------
    link : Link
        To the instrument.
    name : str
        Of the sequence; one that is there is replaced.
    waveforms : sequence of str
        Of the waveform list.
    """
    delete_sequence(link, name)
    last = len(waveforms)
    link.write(f'SLISt:SEQuence:NEW "{name}",{last},1')
    for number, waveform in enumerate(waveforms, start=1):
        step = f"SLISt:SEQuence:STEP{number}"
        link.write(f'{step}:TASSet1:WAVeform "{name}","{waveform}"')
        link.write(f'{step}:WINPut "{name}",ATRigger')
        link.write(f'{step}:RCOunt "{name}",ONCE')
        target = str(last) if number == last else "NEXT"
        link.write(f'{step}:GOTO "{name}",{target}')
