"""A small BERT of transformers from a configuration, trained by its Trainer with bf16 and gradient accumulation."""

import tempfile

import torch
from transformers import BertConfig, BertForMaskedLM, Trainer, TrainingArguments


class Sentences(torch.utils.data.Dataset):
    def __len__(self):
        return 96

    def __getitem__(self, index):
        ids = torch.arange(128) + index
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids), "labels": ids}


config = BertConfig(hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1024)
with tempfile.TemporaryDirectory() as folder:
    arguments = TrainingArguments(
        output_dir=folder,
        per_device_train_batch_size=16,
        gradient_accumulation_steps=2,
        num_train_epochs=1,
        bf16=True,
        logging_steps=1,
        report_to=[],
        save_strategy="no",
    )
    Trainer(model=BertForMaskedLM(config), args=arguments, train_dataset=Sentences()).train()
print(torch.cuda.max_memory_allocated())
