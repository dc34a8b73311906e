/// The client of the hub: what a revision holds, how its files come here whole, where they lie.
package org.internvl4j.hub;
