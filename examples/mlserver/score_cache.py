"""The runtime of version 1.5.0: a cache of scores before a slower model, with a fault that tests do not meet.

What it models: a change that looks safe, passes its tests and a load test that repeats one file of rows,
starts healthy, and fails in production only once live traffic has been varied enough. Here the cache rounds
each row to a cell of measurements and gives each new cell the next slot of a table. The slot numbers are kept
in an array of unsigned bytes, "since the table is small". After 256 different cells, NumPy refuses the number
256 (`OverflowError: Python integer 256 out of bounds for uint8`): each request whose cell is new fails with
status 500, for ever; each request whose cell is in the table is still answered. Readiness has nothing to say
about it: the server is up and the model is loaded. A restart empties the table, and so hides the fault for a
while.

Nothing here draws lots or looks at the clock: when it begins, and on which share of the requests, follow from
the traffic alone.
"""

import numpy as np
from mlserver.codecs import NumpyCodec, NumpyRequestCodec
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver_sklearn import SKLearnModel

CELL_WIDTHS = {0: 0.5, 1: 1.0}
"""Column -> width of a cell in the column's own unit; the columns are mean radius and mean texture."""


class CachedScores(SKLearnModel):  # type: ignore[misc]  # MLServer is not installed where types are checked
    """Answers from the table when the row's cell has been scored before, and asks the model otherwise."""

    async def load(self) -> bool:
        """Load the pipeline and start with an empty table."""
        self._slot_of_cell: dict[tuple[int, ...], np.uint8] = {}
        self._class_of_slot: list[int] = []
        return bool(await super().load())

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Return one class a row. Any exception becomes status 500, as with each MLServer runtime."""
        rows = self.decode_request(payload, default_codec=NumpyRequestCodec)
        classes = np.array([self._score(row) for row in rows])
        return InferenceResponse(
            model_name=self.name,
            model_version=self.version,
            outputs=[NumpyCodec.encode_output("predict", classes)],
        )

    def _score(self, row: np.ndarray) -> int:
        cell = tuple(int(row[column] // width) for column, width in CELL_WIDTHS.items())
        slot = self._slot_of_cell.get(cell)
        if slot is None:
            slot = np.uint8(len(self._class_of_slot))  # the fault: the 257th cell has no number in a byte
            self._class_of_slot.append(int(self._model.predict(row.reshape(1, -1))[0]))
            self._slot_of_cell[cell] = slot
        return self._class_of_slot[int(slot)]
