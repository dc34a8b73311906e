/// Answers held to a JSON Schema: which tokens may come next.
package org.internvl4j.models.constraint;
