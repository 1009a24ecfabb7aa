"""Write the front page of a report: warnings, headline numbers, the experiment in words."""
