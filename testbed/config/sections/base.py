"""What all sections share: strict values, frozen, and no key but those that are known."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from testbed.config.problems import Problem

# Nothing is converted silently: a text is no number, and neither is true or false.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Text = Annotated[str, Field(strict=True)]
Switch = Annotated[bool, Field(strict=True)]


class Section(BaseModel):
    """Base of all sections: frozen, and no key but those that are known."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def misplaced_parameters(
    section: Section, choice: str, parameters: Mapping[str, Sequence[str]], chooser: str
) -> Iterator[Problem]:
    """Yield the parameters that a choice lacks, and those that belong to other choices.

    Parameters
    ----------
    section : Section
        What holds choice and parameters; a parameter is given if it is not None.
    choice : str
        What was chosen.
    parameters : mapping of str to sequence of str
        The parameters that each choice needs; what is not in it needs none.
    chooser : str
        The key that holds the choice, such as ``name``.
    """
    wanted = parameters.get(choice, ())
    every = dict.fromkeys(one for own in parameters.values() for one in own)
    for parameter in every:
        given = getattr(section, parameter) is not None
        if parameter in wanted and not given:
            yield Problem(parameter, f"is missing: {choice} needs it", f"add {parameter}")
        elif given and parameter not in wanted:
            owner = next(name for name, own in parameters.items() if parameter in own)
            takes = f"{choice} takes {' and '.join(wanted) or 'no parameter'}"
            yield Problem(
                parameter,
                f"is no parameter of {choice}; {takes}",
                f"remove it, or give {chooser}: {owner}",
            )
