"""The published study on a file of labels: models, what they learn, and how training and test parts are told apart."""
