package org.internvl4j.parquet;

/// A column as the schema has it.
///
/// @param size bytes of a FIXED_LEN_BYTE_ARRAY
/// @param unsigned whether its INT32 or INT64 has no sign
/// @param maxDefinition the definition level of a value that is there
/// @param maxRepetition lists that it lies in
/// @param listDefinition the lowest definition level of an element of its list
record Leaf(
    Field field,
    Physical physical,
    int size,
    boolean unsigned,
    int maxDefinition,
    int maxRepetition,
    int listDefinition) {}
