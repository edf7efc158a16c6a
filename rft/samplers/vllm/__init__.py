"""vLLM in processes of its own: one supervised engine per group of devices, and the pool that feeds them."""
