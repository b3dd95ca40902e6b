/**
 * Table rows of the kernels that change pictures at random.
 * Place: imported by the entry of the full core; prediction has none of them.
 * Invariant: nothing else calls these kernels, so a core without them runs every other tape. Rotation needs sin and cos.
 */
import "../math/rare-constants";
import { Op } from "../../src/abi";
import { move } from "../kernels/augment/move";
import { rotate } from "../kernels/augment/rotate";
import { tone } from "../kernels/augment/tone";
import { KERNELS } from "./kernel-table";

store<u32>(KERNELS, move.index, Op.AugmentMove << 2);
store<u32>(KERNELS, rotate.index, Op.AugmentRotate << 2);
store<u32>(KERNELS, tone.index, Op.AugmentTone << 2);
