/**
 * Table rows of the kernels that normalize by the statistics of channels.
 * Place: a pack of its own, and imported by the entry of the full core. Invariant: they use no other family of kernels.
 */
import { Op } from "../../src/abi";
import { channelSum } from "../kernels/normalize/channel-sum";
import { normalize } from "../kernels/normalize/normalize";
import { normalizeGrad } from "../kernels/normalize/normalize-grad";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, channelSum.index, Op.ChannelSum << 2);
store<u32>(KERNELS, normalize.index, Op.Normalize << 2);
store<u32>(KERNELS, normalizeGrad.index, Op.NormalizeGrad << 2);
