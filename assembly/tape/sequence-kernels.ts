/**
 * Table rows of the kernels of sequences: embedding gradients and recurrent layers.
 * Place: a pack of its own, and imported by the entry of the full core. Invariant: what they use of other kernels they
 * reach through the table.
 */
import { Op } from "../../src/abi";
import { scatterAddRows } from "../kernels/gather/scatter-add-rows";
import { rnn, rnnPrevious } from "../kernels/recurrent/rnn";
import { rnnGrad } from "../kernels/recurrent/rnn-grad";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, scatterAddRows.index, Op.ScatterAddRows << 2);
store<u32>(KERNELS, rnn.index, Op.Rnn << 2);
store<u32>(KERNELS, rnnGrad.index, Op.RnnGrad << 2);
store<u32>(KERNELS, rnnPrevious.index, Op.RnnPrevious << 2);
