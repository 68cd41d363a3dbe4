"""What every source of ligands has to keep; each test of one inherits it."""

import pytest

from reexplore.errors import InputError
from reexplore.sources.base import Source
from reexplore.sources.known import SOURCES, read_source, table_of


class SourceSuite:
    """Give `name`, what a file may say (`good`) and may not (`bad`); `beside` writes what lies beside the file."""

    name: str
    good: tuple
    bad: tuple

    def beside(self, folder):
        """Write what the source reads into a folder, if anything."""

    def source(self, folder, said):
        return read_source({self.name: said}, beside=folder)

    def test_it_has_the_shape_of_a_source(self, tmp_path):
        self.beside(tmp_path)
        assert isinstance(self.source(tmp_path, self.good[0]), Source)
        assert self.name in SOURCES.names

    def test_its_rows_are_the_same_whenever_it_is_read(self, tmp_path):
        self.beside(tmp_path)
        for said in self.good:
            first, second = (table_of(self.source(tmp_path, said)) for _ in range(2))
            assert first == second
            assert first.rows
            assert all(isinstance(row[column], str) for row in first.rows for column in first.columns)

    def test_what_it_cannot_read_is_one_sentence(self, tmp_path):
        for said in self.bad:
            with pytest.raises(InputError) as refused:
                table_of(self.source(tmp_path, said))
            assert "\n" not in str(refused.value)
            assert "Error" not in str(refused.value)

    def test_its_messages_name_it(self, tmp_path):
        self.beside(tmp_path)
        title = table_of(self.source(tmp_path, self.good[0])).title
        assert title.isprintable()
        assert title.startswith(("the ", "a "))
