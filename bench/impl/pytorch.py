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


def network(task, weights):
    sizes = task["sizes"]
    layers = []
    for i, weight in enumerate(weights):
        linear = torch.nn.Linear(sizes[i], sizes[i + 1])
        with torch.no_grad():
            linear.weight.copy_(weight.reshape(sizes[i], sizes[i + 1]).t())
            linear.bias.zero_()
        layers.append(linear)
        if i + 1 < len(weights):
            layers.append(torch.nn.ReLU() if task["hidden"] == "relu" else torch.nn.Tanh())
    if task["loss"] == "mse":
        layers.append(torch.nn.Sigmoid())
    return torch.nn.Sequential(*layers)


def mlp(task, folder):
    sizes, batch, rows = task["sizes"], task["batch"], task["rows"]
    weights = [floats(folder, f"w{i}.f32") for i in range(len(sizes) - 1)]
    x = floats(folder, "x.f32").reshape(rows, sizes[0])
    if task["loss"] == "mse":
        y = floats(folder, "y.f32").reshape(rows, sizes[-1])
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
        self.init, self.step = (gemm if task["kind"] == "gemm" else mlp)(task, request["folder"])
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
