/// LangChain4j's models over the engine of this process.
package org.internvl4j.langchain4j;
