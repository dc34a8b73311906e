/// Building blocks: a weight and the operation it serves.
package org.internvl4j.models.nn;
