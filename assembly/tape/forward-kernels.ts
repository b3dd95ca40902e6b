/**
 * Table rows of the kernels that a forward pass of a plain dense network needs.
 * Place: imported by every entry of the core. Invariant: DENSE_ENCODERS in src/tape/ write records of these, of general-kernels.ts and of the packs.
 */
import { Op } from "../../src/abi";
import "../kernels/elementwise/basic-binary";
import "../kernels/elementwise/basic-unary";
import { binary } from "../kernels/elementwise/binary";
import { fill } from "../kernels/elementwise/fill";
import { unary } from "../kernels/elementwise/unary";
import { gemmRecord } from "../kernels/gemm/record";
import { guard } from "../kernels/guard/guard";
import { sha256 } from "../kernels/hash/sha256";
import { softmax } from "../kernels/softmax/softmax";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, fill.index, Op.Fill << 2);
store<u32>(KERNELS, unary.index, Op.Unary << 2);
store<u32>(KERNELS, binary.index, Op.Binary << 2);
store<u32>(KERNELS, gemmRecord.index, Op.Gemm << 2);
store<u32>(KERNELS, softmax.index, Op.Softmax << 2);
store<u32>(KERNELS, guard.index, Op.Guard << 2);
store<u32>(KERNELS, sha256.index, Op.Sha256 << 2);
