/// An index of pictures on disk: [Indexer] writes it, [Index] answers from it.
package org.internvl4j.search;
