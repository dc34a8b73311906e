/// A toy model in a jar and the little world it knows.
package org.internvl4j.demo;
