"""The YAML file that says what to read from a data file and how to prepare it."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from lowrnn.recordings.preprocess import Scaling
from lowrnn.recordings.schema import Strict, load_yaml, validate

Axis = Literal["trial", "time", "neuron"]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Window = tuple[Finite, Finite]


class Rates(Strict):
    """`rates`: which array holds the activity."""

    array: str = "rates"
    axes: tuple[Axis, Axis, Axis] | None = None
    kind: Literal["rates", "counts"] = "rates"

    @field_validator("axes")
    @classmethod
    def _each_once(cls, axes: tuple[Axis, Axis, Axis] | None) -> tuple[Axis, Axis, Axis] | None:
        if axes is not None and len(set(axes)) != 3:
            raise ValueError("name trial, time and neuron once each")
        return axes


class Derived(Strict):
    """An entry of `derive`: a new trial variable, `value` minus `minus`, in classes if `bins`."""

    value: str
    minus: str | None = None
    bins: tuple[Finite, ...] | None = None

    @field_validator("bins")
    @classmethod
    def _rising(cls, bins: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if bins is not None and (not bins or list(bins) != sorted(set(bins))):
            raise ValueError("give edges in rising order")
        return bins


class Input(Strict):
    """An entry of `inputs`: one input of the network.

    Either `value` (a trial variable or a number), held from `from` to `to` (seconds, or trial
    variables with seconds), or `array` (trial, time), taken as it is.
    """

    name: str
    value: Finite | str | None = None
    equals: float | str | None = None
    array: str | None = None
    start: Finite | str | None = Field(default=None, alias="from")
    stop: Finite | str | None = Field(default=None, alias="to")
    scale: Finite = 1.0

    @model_validator(mode="after")
    def _one_source(self) -> "Input":
        if (self.value is None) == (self.array is None):
            raise ValueError("give either value or array")
        if self.equals is not None and not isinstance(self.value, str):
            raise ValueError("equals needs a trial variable as value")
        if self.array is not None and not (self.start is None and self.stop is None):
            raise ValueError("an array is taken as it is: leave out from and to")
        return self


class Range(Strict):
    """Numbers from `min` to `max`, both included."""

    min: Finite | None = None
    max: Finite | None = None


def _listed(value: object) -> object:
    return value if isinstance(value, list | dict | Range) else [value]


Choice = Annotated[Range | list[bool | float | str], BeforeValidator(_listed)]


class Keep(Strict):
    """`keep`: trials by their variables, neurons by their labels and by their mean rate in Hz."""

    trials: dict[str, Choice] = Field(default_factory=dict)
    neurons: dict[str, Choice] = Field(default_factory=dict)
    min_rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


class Preprocess(Strict):
    """`preprocess`: steps in the order of these fields, whatever their order in the file."""

    rebin: Annotated[int, Field(ge=1)] | None = None
    smooth: Positive | None = None
    square_root: bool = False
    average: Annotated[list[str], Field(min_length=1)] | None = None
    scale: Scaling | None = None
    scale_offset: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 5.0
    centre: Literal["mean", "condition_independent"] | None = None
    components: Annotated[int, Field(ge=1)] | None = None


class RecordingSpec(Strict):
    """All keys of the YAML file; only `file` is needed where the arrays have the default names.

    Attributes
    ----------
    file : Path
        The data, relative to the YAML file.
    format : {"npz", "mat", "netcdf", "nwb"}, optional
        Default: by the suffix of the file.
    rates : Rates
        `array` (default "rates"), `axes` (order of trial, time and neuron; default that order, or
        the names of the dimensions in NetCDF), `kind` ("rates" or "counts"; counts become Hz).
    bin_width : float or str
        Seconds, or the name of an array that holds them.
    start : float or str
        Time of the first bin's left edge from the event of alignment, or the name of an array.
        Default: the array "start" where there is one, else 0.
    align : str, optional
        NWB only: the column of the trials table with the time of the event.
    window : (float, float), optional
        Seconds to keep. Bins outside the recording are added as not observed. Needed for NWB.
    conditions : list or mapping
        Trial variables: names of arrays, or new name: array. Default: arrays `condition_<name>`.
    neurons : list or mapping
        Neuron labels: likewise. Default: arrays `neuron_<name>`.
    derive : mapping
        New trial variables: differences and classes of others.
    inputs : list of Input, optional
        Default: the array "inputs" where there is one.
    keep : Keep
        Which trials and neurons to keep.
    preprocess : Preprocess
        Smoothing, averaging, scaling, centring.
    """

    file: Path
    format: Literal["npz", "mat", "netcdf", "nwb"] | None = None
    rates: Rates = Rates()
    bin_width: Positive | str = "bin_width"
    start: Finite | str | None = None
    align: str | None = None
    window: Window | None = None
    conditions: list[str] | dict[str, str] | None = None
    neurons: list[str] | dict[str, str] | None = None
    derive: dict[str, Derived] = Field(default_factory=dict)
    inputs: list[Input] | None = None
    keep: Keep = Keep()
    preprocess: Preprocess = Preprocess()

    @field_validator("window")
    @classmethod
    def _forward(cls, window: Window | None) -> Window | None:
        if window is not None and not window[0] < window[1]:
            raise ValueError("give the start before the end, in seconds")
        return window

    @model_validator(mode="after")
    def _unique_inputs(self) -> "RecordingSpec":
        names = [entry.name for entry in self.inputs or []]
        if len(set(names)) != len(names):
            raise ValueError(f"inputs are named {names}: give each its own name")
        return self


def read_spec(path: str | Path) -> RecordingSpec:
    """Read a YAML file; `file` becomes relative to the working directory.

    Raises
    ------
    InputError
        Naming the field that is wrong, and the nearest valid key for an unknown one.
    """
    path = Path(path)
    spec = validate(RecordingSpec, load_yaml(path), str(path))
    return spec.model_copy(update={"file": path.parent / spec.file})
