"""The paper's comparison (figure 4): networks, with and without pretraining, against the share of labels that they are given."""
