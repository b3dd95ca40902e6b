// Which learners' trainers are in memory: several objects can share one isolate and its 128 MB.
//
// Place: asked by learners before they load. Invariant: the plans in memory stay within the isolate's share together;
// whoever was used least recently gives way, which loses nothing, because a learner can always load itself again.

/** Who can give its memory back at any time between two calls. */
interface Resident {
  drop(): void;
}

const ISOLATE_BYTES = 96e6;

/** In the order of their last use. */
const residents = new Map<Resident, number>();

/** Notes that a resident is in use and takes so many bytes; others are dropped until all fit. */
export function admit(resident: Resident, bytes: number): void {
  residents.delete(resident);
  let total = bytes;
  for (const other of residents.values()) total += other;
  for (const [other, size] of [...residents]) {
    if (total <= ISOLATE_BYTES) break;
    other.drop();
    residents.delete(other);
    total -= size;
  }
  residents.set(resident, bytes);
}

export function leave(resident: Resident): void {
  residents.delete(resident);
}
