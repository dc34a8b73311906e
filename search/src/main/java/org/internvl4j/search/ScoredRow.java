package org.internvl4j.search;

/// A row of a matrix, and the cosine of the angle between it and a query.
public record ScoredRow(int row, float cosine) {}
