# Native PyTorch on one thread: nn.Sequential, autograd, torch.optim.
#
# Place: a worker of the benchmark, the Python twin of worker.mjs. Invariant: batches are tensors before the clock
# starts, the loss is read at every step, denormals are flushed to zero.

import json
import os
import sys
import time

import numpy as np
import torch

SAMPLE_MS = 0.4
WARM_MS = 400


def now():
    return time.perf_counter() * 1e3


def floats(folder, name):
    return torch.from_numpy(np.fromfile(os.path.join(folder, name), dtype="<f4"))


ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}


def weighted(spec, weight):
    """A layer that starts from the task's weight, which has its channels last."""
    shape = spec["weight"]
    if spec["op"] == "conv":
        layer = torch.nn.Conv2d(shape[2], shape[3], shape[:2], padding=spec["pad"])
        value = weight.reshape(shape).permute(3, 2, 0, 1)
    else:
        layer = torch.nn.Linear(*shape)
        if "image" in spec:
            weight = weight.reshape(*spec["image"], shape[1]).permute(2, 0, 1, 3)
        value = weight.reshape(shape).t()
    with torch.no_grad():
        layer.weight.copy_(value)
        layer.bias.zero_()
    return layer


def network(task, weights):
    layers = []
    for spec, weight in zip(task["layers"], weights):
        if spec["op"] == "pool":
            layers.append(torch.nn.MaxPool2d(spec["size"]))
            continue
        if "image" in spec:
            layers.append(torch.nn.Flatten())
        layers.append(weighted(spec, weight))
        if spec["activation"]:
            layers.append(ACTIVATIONS[spec["activation"]]())
    return torch.nn.Sequential(*layers)


def training(task, folder):
    batch, rows = task["batch"], task["rows"]
    weights = [
        None if spec["op"] == "pool" else floats(folder, f"w{i}.f32") for i, spec in enumerate(task["layers"])
    ]
    x = floats(folder, "x.f32").reshape(rows, *task["input"])
    if len(task["input"]) == 3:
        x = x.permute(0, 3, 1, 2).contiguous()
    if task["loss"] == "mse":
        y = floats(folder, "y.f32").reshape(rows, task["outputs"])
        loss_of = torch.nn.MSELoss()
    else:
        y = torch.from_numpy(np.fromfile(os.path.join(folder, "labels.i32"), dtype="<i4").astype(np.int64))
        loss_of = torch.nn.CrossEntropyLoss()
    parts = [(x[i : i + batch].clone(), y[i : i + batch].clone()) for i in range(0, rows, batch)]
    state = {"at": 0}

    def take():
        part = parts[state["at"]]
        state["at"] = (state["at"] + 1) % len(parts)
        return part

    if task["kind"] == "predict":
        model = network(task, weights).eval()

        def predict():
            with torch.inference_mode():
                return model(take()[0])[0, 0].item()

        return (lambda: None), predict

    def init():
        state["model"] = network(task, weights)
        make = torch.optim.Adam if task["optimizer"] == "adam" else torch.optim.SGD
        state["optimizer"] = make(state["model"].parameters(), lr=task["learningRate"])

    def step():
        xs, ys = take()
        optimizer = state["optimizer"]
        optimizer.zero_grad(set_to_none=True)
        loss = loss_of(state["model"](xs), ys)
        loss.backward()
        optimizer.step()
        return loss.item()

    return init, step


def gemm(task, folder):
    m, k, n = task["m"], task["k"], task["n"]
    a = floats(folder, "a.f32").reshape((k, m) if task["transA"] else (m, k))
    b = floats(folder, "b.f32").reshape((n, k) if task["transB"] else (k, n))
    a = a.t() if task["transA"] else a
    b = b.t() if task["transB"] else b
    out = torch.empty(m, n)

    def step():
        torch.mm(a, b, out=out)
        return float(out[0, 0])

    return (lambda: None), step


class Worker:
    def setup(self, request):
        torch.set_num_threads(1)
        torch.set_flush_denormal(True)
        task = request["task"]
        self.init, self.step = (gemm if task["kind"] == "gemm" else training)(task, request["folder"])
        self.init()
        report = {"version": torch.__version__}
        if task["kind"] == "train":
            steps = task["learnSteps"]
            cycle = max(1, min(task["rows"] // task["batch"], steps >> 2))
            losses = [self.step() for _ in range(steps)]
            mean = lambda values: sum(values) / len(values)
            report["losses"] = [mean(losses[:cycle]), mean(losses[-cycle:])]
            report["firstLoss"] = losses[0]
        else:
            report["output"] = self.step()
        until, steps = now() + WARM_MS, 0
        while now() < until or steps < 3:
            self.step()
            steps += 1
        self.per_sample = max(1, round(SAMPLE_MS * steps / WARM_MS))
        return report

    def advance(self):
        for _ in range(self.per_sample):
            self.step()

    def round(self, request):
        self.init()
        warm = now() + request["ms"] / 8
        while True:
            self.advance()
            if now() >= warm:
                break
        samples, until = [], now() + request["ms"]
        while now() < until or len(samples) < 3:
            start = now()
            self.advance()
            samples.append((now() - start) / self.per_sample)
        return {"medianMs": float(np.median(samples)), "minMs": min(samples), "samples": len(samples)}


worker = Worker()
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = worker.setup(request) if request["command"] == "setup" else worker.round(request)
    except Exception as error:  # told in the table
        answer = {"error": str(error)[:300]}
    print("@@" + json.dumps(answer), flush=True)
