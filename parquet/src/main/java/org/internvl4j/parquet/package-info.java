/// Files of [Apache Parquet](https://parquet.apache.org/docs/file-format): [ParquetWriter] and
/// [ParquetReader].
package org.internvl4j.parquet;
