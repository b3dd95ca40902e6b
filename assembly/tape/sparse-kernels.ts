/**
 * Table row of the product that skips zeros.
 * Place: a pack of its own, and imported by the entry of the full core. Invariant: what it uses of other kernels it reaches
 * through the table.
 */
import { Op } from "../../src/abi";
import { sparseRow } from "../kernels/gemm/sparse-row";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, sparseRow.index, Op.SparseRow << 2);
