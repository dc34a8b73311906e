/// Files of [Apache Parquet](https://parquet.apache.org/docs/file-format): [ParquetWriter].
package org.internvl4j.parquet;
