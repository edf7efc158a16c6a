"""Samplers draw candidates from a model. This table is where their names are looked up."""

SAMPLERS: dict[str, str] = {
    "vllm": "rft.samplers.vllm.sampler:VllmSampler",
    "replay": "rft.samplers.replay:ReplaySampler",
}
