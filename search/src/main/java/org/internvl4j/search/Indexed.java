package org.internvl4j.search;

/// What an update of an index did.
///
/// @param pictures that are in the index now
/// @param embedded vectors that were made
/// @param known new or changed paths whose content had a vector already: moved, copied, touched
/// @param unchanged paths that were not read again
/// @param unreadable paths that are no pictures, or damaged ones, now, and those that could not be
///   read this time
/// @param gone paths that were dropped
public record Indexed(
    int pictures, int embedded, int known, int unchanged, int unreadable, int gone) {}
