"""Where rows come from (files, the hub) and how their columns become problems."""
