"""Two steps with a parameter of 100 MiB, its gradient, a state of 200 MiB and activations of 50 MiB."""

import torch


class Model(torch.nn.Module):
    def forward(self):
        return torch.Tensor(50)  # activations


class Optimizer(torch.optim.Optimizer):
    def update(self):
        for parameter in self.param_groups[0]["params"]:
            if parameter not in self.state:
                self.state[parameter] = {"average": torch.Tensor(200)}


def main():
    model = Model(weight=torch.Tensor(100))
    weight = model._parameters["weight"]
    optimizer = Optimizer([weight])
    for step in range(2):
        activations = model()

        def backward():
            weight.grad = torch.Tensor(100)

        torch.autograd.backward(backward)
        del activations
        optimizer.step()
        weight.grad = None
    torch.cuda.reset_peak_memory_stats()
    print("trained", step + 1)


main()
