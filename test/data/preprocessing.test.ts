// Preprocessing: fitted on training rows alone, applied row by row, every cell that does not fit named.
import { describe, expect, test } from "vitest";
import { applyPreprocessing, tabularData } from "../../src/data/apply-preprocessing.ts";
import { fitPreprocessing, type PreprocessingOptions } from "../../src/data/fit-preprocessing.ts";
import { featureNames } from "../../src/data/preprocessing.ts";
import { type Cell, selectRows, type Table, tableFromColumns } from "../../src/data/table.ts";
import { EdgegradError } from "../../src/errors.ts";

const featuresOf = (table: Table, options: PreprocessingOptions = {}) => {
  const fitted = fitPreprocessing(table, options);
  return { names: featureNames(fitted), x: [...(applyPreprocessing(fitted, table).x as Float32Array)] };
};

const one = (cells: readonly Cell[], column: object = {}) =>
  featuresOf(tableFromColumns({ c: cells }), { columns: { c: column } });

describe("numbers", () => {
  test("standard, min-max, robust and no scaling", () => {
    const cells = ["1", "2", "3", "6"];
    // mean 3, deviation √3.5
    one(cells).x.forEach((x, i) => {
      expect(x).toBeCloseTo((Number(cells[i]) - 3) / Math.sqrt(3.5), 6);
    });
    expect(one(cells, { scale: "minMax" }).x).toEqual([0, 0.2, 0.4, 1].map(Math.fround));
    // median 2.5, quartiles 1.75 and 3.75
    expect(one(cells, { scale: "robust" }).x).toEqual([-0.75, -0.25, 0.25, 1.75]);
    expect(one(cells, { scale: "none" }).x).toEqual([1, 2, 3, 6]);
  });

  test("a constant column is 0, not NaN", () => {
    for (const scale of ["standard", "minMax", "robust"] as const)
      expect(one([5, 5, 5], { scale }).x).toEqual([0, 0, 0]);
  });

  test("gaps are filled and flagged", () => {
    const cells = ["1", "", "2", "2", "7"];
    const filled = (impute: string, missingFlag = false) =>
      one(cells, { impute, missingFlag, scale: "none" }).x;
    expect(filled("mean")).toEqual([1, 3, 2, 2, 7]);
    expect(filled("median")).toEqual([1, 2, 2, 2, 7]);
    expect(filled("mostFrequent")).toEqual([1, 2, 2, 2, 7]);
    const flagged = one(cells, { scale: "none" });
    expect(flagged.names).toEqual(["c", "c missing"]);
    expect(flagged.x).toEqual([1, 0, 2, 1, 2, 0, 2, 0, 7, 0]);
  });
});

describe("categories and dates", () => {
  test("one feature a value, one for missing; unseen values are 0 everywhere", () => {
    const fitted = fitPreprocessing(tableFromColumns({ c: ["red", "blue", "", "red"] }));
    expect(featureNames(fitted)).toEqual(["c = blue", "c = red", "c missing"]);
    const { x } = applyPreprocessing(fitted, tableFromColumns({ c: [" red", "green", null] }));
    expect([...(x as Float32Array)]).toEqual([0, 1, 0, 0, 0, 0, 0, 0, 1]);
  });

  test("a category that training never missed treats a gap as unseen; mostFrequent fills it", () => {
    const table = tableFromColumns({ c: ["a", "b", "b"] });
    const gap = tableFromColumns({ c: [""] });
    expect([...(applyPreprocessing(fitPreprocessing(table), gap).x as Float32Array)]).toEqual([0, 0]);
    const fitted = fitPreprocessing(table, { columns: { c: { impute: "mostFrequent" } } });
    expect([...(applyPreprocessing(fitted, gap).x as Float32Array)]).toEqual([0, 1]);
  });

  test("embeddings get inputs of their own: 0 unseen, then the values, then missing", () => {
    const fitted = fitPreprocessing(tableFromColumns({ c: ["x", "y", ""], n: [1, 2, 3] }), {
      columns: { c: { encode: "embedding", dimensions: 3 } },
    });
    const { x } = applyPreprocessing(fitted, tableFromColumns({ c: ["y", "z", "", "x"], n: [2, 2, 2, 2] }));
    expect(x).toEqual({ features: new Float32Array(4), "category:c": Int32Array.of(2, 0, 3, 1) });
  });

  test("parts of dates: days and years are scaled, months turn in a circle", () => {
    const { names, x } = one(["2020-01-15", "2020-04-15"], {
      dateParts: ["elapsed", "month"],
      scale: "none",
    });
    expect(names).toEqual(["c elapsed", "c month cos", "c month sin"]);
    expect(x[0]).toBe(18276);
    expect(x.slice(1, 3)).toEqual([1, 0]);
    // April is a quarter of a turn.
    expect(x[4]).toBeCloseTo(0, 6);
    expect(x[5]).toBeCloseTo(1, 6);
  });
});

describe("no leak", () => {
  const table = (last: Cell) =>
    tableFromColumns({
      n: [1, 2, 3, last],
      c: ["a", "b", "a", typeof last === "number" ? "zzz" : "a"],
      d: ["2020-01-01", "2020-02-01", "2020-03-01", "2030-01-01"],
      y: ["no", "yes", "no", "yes"],
    });

  test("rows outside the training part change nothing, whatever they hold", () => {
    const rows = [0, 1, 2];
    const options = { target: "y", rows };
    const alone = fitPreprocessing(selectRows(table(4), rows), { target: "y" });
    for (const last of [4, 1e6, "text", ""]) expect(fitPreprocessing(table(last), options)).toEqual(alone);
    // And they would: with all rows the fit is another one.
    expect(fitPreprocessing(table(1e6), { target: "y" })).not.toEqual(alone);
  });

  test("a row's features do not depend on the rows beside it", () => {
    const fitted = fitPreprocessing(table(4), { target: "y" });
    const all = applyPreprocessing(fitted, table(4)).x as Float32Array;
    const width = all.length / 4;
    const { x } = applyPreprocessing(fitted, selectRows(table(4), [2]));
    expect(x).toEqual(all.slice(2 * width, 3 * width));
  });
});

test("targets: classes by name, numbers scaled, the task by what they look like", () => {
  const table = tableFromColumns({ n: [1, 2, 3, 4], y: ["10", "2", "10", "2"] });
  const fitted = fitPreprocessing(table, { target: "y" });
  expect(fitted.target).toEqual({ type: "classes", name: "y", values: ["2", "10"] });
  expect([...tabularData(fitted, table).y]).toEqual([1, 0, 1, 0]);
  const regression = fitPreprocessing(table, { target: "y", task: "regression" });
  expect(regression.target).toEqual({ type: "number", name: "y", offset: 6, divisor: 4 });
  expect([...tabularData(regression, table).y]).toEqual([1, -1, 1, -1]);
  expect(fitPreprocessing(tableFromColumns({ n: [1, 2], y: [0.5, 1.5] }), { target: "y" }).target?.type).toBe(
    "number",
  );
});

describe("bad input names row and column", () => {
  const people = tableFromColumns({
    age: ["31", "45", "20", "50"],
    city: ["Oslo", "Rome", "Oslo", "Rome"],
    y: [0, 1, 0, 1],
  });
  const fitted = fitPreprocessing(people, {
    target: "y",
    columns: { city: { unseen: "refuse", impute: "refuse" } },
  });
  const apply = (columns: Record<string, Cell[]>) => () =>
    applyPreprocessing(fitted, tableFromColumns(columns));

  test.each<[string, () => unknown, RegExp]>([
    [
      "text among numbers, fitting",
      () => one(["1", "2", "abc", "4"]),
      /row 3, column "c": expected a number as in most rows, got "abc"/,
    ],
    [
      "text where numbers are said",
      () => one(["a", "b"], { type: "numeric" }),
      /row 1, column "c": expected a number, got "a"/,
    ],
    [
      "text among numbers, applying",
      apply({ age: ["1", "x"], city: ["Oslo", "Oslo"] }),
      /row 2, column "age": expected a number, got "x"/,
    ],
    [
      "a date that is none",
      () => one(["2020-01-01", "2020-02-31"], { type: "date" }),
      /row 2, column "c": expected a date, got "2020-02-31"/,
    ],
    ["all missing", () => one(["", "NA", null]), /column "c" has no value in the 3 training rows/],
    [
      "an unseen category, refused",
      apply({ age: ["1"], city: ["Bern"] }),
      /row 1, column "city": expected one of "Oslo", "Rome", got "Bern"/,
    ],
    ["a gap, refused", apply({ age: ["1"], city: [""] }), /row 1, column "city".*missing values are refused/],
    [
      "an unknown column",
      apply({ age: ["1"], city: ["Oslo"], shoe: ["42"] }),
      /column "shoe" was not there in training/,
    ],
    ["a column that is absent", apply({ age: ["1"] }), /no column "city"/],
    ["a number beyond f32", apply({ age: ["1e300"], city: ["Oslo"] }), /row 1, column "age".*f32/],
    ["no rows", apply({ age: [], city: [] }), /at least one row/],
    [
      "an unseen class",
      () => tabularData(fitted, tableFromColumns({ age: [1], city: ["Oslo"], y: [2] })),
      /row 1, column "y": expected one of the classes/,
    ],
    [
      "one class",
      () => fitPreprocessing(tableFromColumns({ n: [1, 2], y: [1, 1] }), { target: "y" }),
      /one class only, "1"/,
    ],
    [
      "a target that is missing",
      () => fitPreprocessing(tableFromColumns({ n: [1, 2], y: [1, ""] }), { target: "y" }),
      /row 2, column "y": expected a value to predict/,
    ],
    [
      "text as a number to predict",
      () =>
        fitPreprocessing(tableFromColumns({ n: [1, 2], y: [1, "b"] }), { target: "y", task: "regression" }),
      /row 2, column "y": expected a number to predict/,
    ],
    [
      "a column that is not there",
      () => fitPreprocessing(people, { columns: { shoe: {} } }),
      /no column "shoe"/,
    ],
    [
      "an unknown option",
      () => one([1], { scaling: "none" }),
      /columns\.c\.scaling: expected one of the options/,
    ],
    ["an unknown scaling", () => one([1], { scale: "log" }), /columns\.c\.scale: expected one of standard/],
    [
      "an unknown task",
      () => fitPreprocessing(people, { task: "ranking" as never }),
      /task: expected classification or regression/,
    ],
    [
      "options of the target",
      () => fitPreprocessing(people, { target: "y", columns: { y: {} } }),
      /columns\.y/,
    ],
    [
      "the mean of categories",
      () => one(["a", "b"], { impute: "mean" }),
      /own, mostFrequent or refuse for categories/,
    ],
    [
      "too many categories",
      () => featuresOf(tableFromColumns({ c: ["a", "b", "c"] }), { maxCategories: 2 }),
      /column "c" has 3 different values/,
    ],
    [
      "no column left",
      () => fitPreprocessing(tableFromColumns({ y: ["a", "b"] }), { target: "y" }),
      /no column is left/,
    ],
    ["no training row", () => fitPreprocessing(people, { rows: [] }), /at least one training row/],
  ])("%s", (_, run, message) => {
    expect(run).toThrow(EdgegradError);
    expect(run).toThrow(message);
  });

  test("rows are counted in the whole table, also where only some of them train", () => {
    const table = tableFromColumns({ c: [1, 2, 3, "x", 5] });
    expect(() => fitPreprocessing(table, { rows: [0, 2, 3] })).toThrow(/row 4, column "c"/);
  });

  test("applying to some rows names them as they stand in the table", () => {
    const table = tableFromColumns({ c: [1, 2, 3, "x"], y: ["a", "b", "a", "b"] });
    const partly = fitPreprocessing(table, { target: "y", rows: [0, 1, 2] });
    expect([...tabularData(partly, table, { rows: [2, 1] }).y]).toEqual([0, 1]);
    expect(() => applyPreprocessing(partly, table, { rows: [2, 3] })).toThrow(/row 4, column "c"/);
    expect(() => applyPreprocessing(partly, table, { rows: [4] })).toThrow(/no row 4/);
  });
});
