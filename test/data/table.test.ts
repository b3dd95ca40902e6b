// Tables and cells: what comes in, what it means, and what is refused with row and column.
import { describe, expect, test } from "vitest";
import { dateOf, isMissing, numberOf } from "../../src/data/cells.ts";
import {
  columnOf,
  selectRows,
  tableFromColumns,
  tableFromRecords,
  tableFromRows,
} from "../../src/data/table.ts";
import { FormatError } from "../../src/errors.ts";

describe("tables", () => {
  test("rows, records and columns give the same table", () => {
    const rows = tableFromRows(
      ["a", "b"],
      [
        ["1", "x"],
        ["2", undefined],
      ],
    );
    const records = tableFromRecords([{ a: "1", b: "x" }, { a: "2" }]);
    const columns = tableFromColumns({ a: ["1", "2"], b: ["x", undefined] });
    expect(records).toEqual(rows);
    expect(columns).toEqual(rows);
    expect(columnOf(selectRows(rows, [1, 0, 1]), "a")).toEqual(["2", "1", "2"]);
  });

  test.each<[string, () => unknown, RegExp, object]>([
    [
      "a short row",
      () => tableFromRows(["a", "b"], [["1", "2"], ["3"]]),
      /row 2 has 1 cells, expected 2/,
      { row: 2 },
    ],
    ["a long row", () => tableFromRows(["a"], [["1", "2"]]), /row 1 has 2 cells, expected 1/, { row: 1 }],
    ["a name twice", () => tableFromRows(["a", "a"], []), /two columns are called "a"/, { column: "a" }],
    [
      "a prototype's name",
      () => tableFromRows(["__proto__"], []),
      /must not be called/,
      { column: "__proto__" },
    ],
    [
      "columns of two lengths",
      () => tableFromColumns({ a: [1], b: [1, 2] }),
      /column "b" has 2 cells/,
      { column: "b" },
    ],
    [
      "a row that is no object",
      () => tableFromRecords([{}, null as never]),
      /row 2 is no object/,
      { row: 2 },
    ],
    [
      "a column that is not there",
      () => columnOf(tableFromColumns({ a: [1] }), "b"),
      /no column "b".*"a"/,
      {},
    ],
    ["a row that is not there", () => selectRows(tableFromColumns({ a: [1] }), [1]), /no row 1/, { row: 1 }],
  ])("%s is refused", (_, run, message, fields) => {
    let error: unknown;
    try {
      run();
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(FormatError);
    expect((error as FormatError).message).toMatch(message);
    expect((error as FormatError).fields).toMatchObject(fields);
  });
});

describe("cells", () => {
  test("what is missing", () => {
    for (const cell of ["", "  ", "NA", "?", "NaN", null, undefined, Number.NaN])
      expect(isMissing(cell)).toBe(true);
    for (const cell of ["0", 0, false, "none at all", new Date(0)]) expect(isMissing(cell)).toBe(false);
  });

  test.each([
    ["1", 1],
    [" -2.5e3 ", -2500],
    [".5", 0.5],
    ["3.", 3],
    [true, 1],
    [7, 7],
  ])("%j is the number %d", (cell, value) => expect(numberOf(cell)).toBe(value));

  test.each([
    "1,5",
    "0x10",
    "12 %",
    "Infinity",
    "1e999",
    "abc",
    "--1",
    Number.POSITIVE_INFINITY,
    new Date(0),
  ])("%j is no number", (cell) => expect(numberOf(cell)).toBeUndefined());

  test.each<[string, string, ("iso" | "dmy" | "mdy")?]>([
    ["2012-01-31", "2012-01-31T00:00:00.000Z"],
    ["1949-02", "1949-02-01T00:00:00.000Z"],
    ["2012-01-31T08:15:30.5Z", "2012-01-31T08:15:30.500Z"],
    ["2012-01-31 08:15", "2012-01-31T08:15:00.000Z"],
    ["2012-01-31T08:15:00+02:00", "2012-01-31T06:15:00.000Z"],
    ["Jan 1 2000", "2000-01-01T00:00:00.000Z"],
    ["March 15, 1999", "1999-03-15T00:00:00.000Z"],
    ["31/01/2012", "2012-01-31T00:00:00.000Z", "dmy"],
    ["1.2.2012", "2012-02-01T00:00:00.000Z", "dmy"],
    ["01/31/2012", "2012-01-31T00:00:00.000Z", "mdy"],
    ["2012-02-29", "2012-02-29T00:00:00.000Z"],
  ])("%s is the date %s", (cell, iso, format) => {
    expect(new Date(dateOf(cell, format)!).toISOString()).toBe(iso);
  });

  test.each([
    "2011-02-29",
    "2012-13-01",
    "2012-00-10",
    "31/01/2012",
    "yesterday",
    "2012-01-31T25:00",
    "Foo 1 2000",
    "",
  ])("%j is no date", (cell) => expect(dateOf(cell)).toBeUndefined());
});
