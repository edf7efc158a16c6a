"""From judged samples to training rows: what is kept, what is dropped, and why."""
