"""Read and write the files of a run, on disk or in a bucket."""
