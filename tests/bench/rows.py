"""Many rows like one that is there: what would take hours to push is written into the database of a stopped process."""

import base64
import sqlite3

from harness import Failed


def renamed(value, old, new):
    """`old` becomes `new`, of the same length, in a text and in the record that a text holds in base64."""
    if not isinstance(value, str):
        return value
    if old in value:
        return value.replace(old, new)
    if len(value) > 2 * len(old) and len(value) % 4 == 0:
        try:
            record = base64.b64decode(value, validate=True)
        except ValueError:
            return value
        if old.encode() in record:
            return base64.b64encode(record.replace(old.encode(), new.encode())).decode()
    return value


def multiply(path, table, names, count, change=lambda row, number: None):
    """Adds `count` rows to a table, each like its first one but for a name of its own in place of each of `names`.

    `names`: the columns whose values are names; they are replaced wherever they stand. `change(row, number)` may set more. Each
    name keeps its length: its end becomes a number.
    """
    with sqlite3.connect(path) as database:
        database.row_factory = sqlite3.Row
        first = database.execute(f"select * from {table} limit 1").fetchone()
        if first is None:
            raise Failed(f"{table} has no row to multiply")
        columns = first.keys()

        def rows():
            for number in range(count):
                row = dict(first)
                for name in names:
                    old = first[name]
                    new = old[:-8] + f"{number:08d}"
                    row = {column: renamed(value, old, new) for column, value in row.items()}
                change(row, number)
                yield tuple(row[column] for column in columns)

        database.executemany(f"insert into {table} ({', '.join(columns)}) values ({', '.join('?' * len(columns))})", rows())
    database.close()


def only(path, table, column):
    """A column of the table's first row."""
    with sqlite3.connect(path) as database:
        found = database.execute(f"select {column} from {table} limit 1").fetchone()
    database.close()
    if found is None:
        raise Failed(f"{table} has no row")
    return found[0]
