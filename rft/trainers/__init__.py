"""The M-step: trainers that take a dataset file and leave a model folder. ``none`` (no training) is the loop's own."""

TRAINERS = {
    "trl": "rft.trainers.trl.trainer:TrlTrainer",
    "command": "rft.trainers.command:CommandTrainer",
}
