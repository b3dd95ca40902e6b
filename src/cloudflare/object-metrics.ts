// A model's figures as Prometheus text.
//
// Place: answers GET /models/{name}/metrics; the router joins those of several models. Invariant: a counter that says
// `since start` falls to 0 when the object restarts, as Prometheus expects of counters; the others are stored.

import type { StoreStatus } from "./example-store.ts";
import type { Learner } from "./learner.ts";
import type { ModelRecord } from "./model-record.ts";
import type { TrainingRun } from "./training-run.ts";

interface Figures {
  readonly learner: Learner;
  readonly examples: StoreStatus;
  readonly run: TrainingRun;
  readonly predictions: number;
  readonly storageBytes: number;
}

export function objectMetrics({ name, plan }: ModelRecord, figures: Figures): string {
  const { learner, examples, run, predictions, storageBytes } = figures;
  const { updates, snapshots, replayed, loads } = learner.counts;
  const now = run.record;
  const rows: [name: string, type: "counter" | "gauge", help: string, value: number][] = [
    ["version", "gauge", "Changes of the weights.", learner.version],
    ["journalled_updates", "gauge", "Updates that a restart replays.", learner.journalled],
    ["updates_total", "counter", "Online updates since start.", updates],
    ["snapshots_total", "counter", "States written since start.", snapshots],
    ["loads_total", "counter", "States loaded since start.", loads],
    ["replayed_updates_total", "counter", "Updates replayed since start.", replayed],
    ["predicted_rows_total", "counter", "Rows predicted by the object since start.", predictions],
    ["examples", "gauge", "Examples in the store.", examples.count],
    ["examples_seen_total", "counter", "Examples ever appended.", examples.seen],
    ["storage_bytes", "gauge", "Size of the object's database.", storageBytes],
    ["plan_bytes", "gauge", "Planned memory.", plan.planBytes],
    ["parameters", "gauge", "Numbers that are trained or kept.", plan.parameters],
    ["run_active", "gauge", "1 while a run is running.", now?.state === "running" ? 1 : 0],
    ["run_steps", "gauge", "Steps of the last run.", now?.steps ?? 0],
    ["run_slices", "gauge", "Slices of the last run that ended.", now?.slices ?? 0],
    ["run_deaths", "gauge", "Slices of the last run that did not.", now?.allDeaths ?? 0],
    ["slice_rate_flops", "gauge", "FLOPs per second that slices are cut for.", run.pace.rate],
  ];
  return rows
    .map(([metric, type, help, value]) => {
      const full = `edgegrad_${metric}`;
      return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full}{model="${name}"} ${value}\n`;
    })
    .join("");
}
