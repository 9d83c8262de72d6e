"""The answering engine over whole data sets, in this process: what its parts and its confidence are fitted on."""
