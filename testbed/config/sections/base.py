"""What all sections share: strict values, frozen, and no key but those that are known."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

# Nothing is converted silently: a text is no number, and neither is true or false.
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Text = Annotated[str, Field(strict=True)]
Switch = Annotated[bool, Field(strict=True)]


class Section(BaseModel):
    """Base of all sections: frozen, and no key but those that are known."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
