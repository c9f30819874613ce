"""A ResNet-50 of torchvision, trained with SGD on images of its usual size."""

import torch
import torchvision

model = torchvision.models.resnet50().cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
criterion = torch.nn.CrossEntropyLoss().cuda()
for step in range(3):
    optimizer.zero_grad()
    images = torch.randn(64, 3, 224, 224).cuda()
    target = torch.randint(1000, (64,)).cuda()
    loss = criterion(model(images), target)
    loss.backward()
    optimizer.step()
    print(step, loss.item())
print(torch.cuda.max_memory_allocated())
