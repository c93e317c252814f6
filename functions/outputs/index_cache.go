package outputs

import (
	"container/list"
	"sync"
)

// maxCachedParts limits the parts that an instance caches, of all indexes. They take
// about 16 MiB.
const maxCachedParts = 300_000

// indexCache caches the documents of packed indexes that the tokens of views name. What
// a token names never changes, except for numbers of lines that are counted later. The
// cache holds positions in outputs, and no output. It is safe for concurrent use.
type indexCache struct {
	mu        sync.Mutex
	documents map[cachedDocument]*list.Element
	byUse     list.List // of cacheEntry, the most recently used first
	parts     int
}

// cachedDocument names a document of a packed index, as it was when a token was made.
type cachedDocument struct {
	path  string // of the document, in the tenant's database
	parts int
	sum   uint32
}

type cacheEntry struct {
	key   cachedDocument
	parts []part // is not modified
}

// get returns the parts of a document, which the caller must not modify.
func (c *indexCache) get(key cachedDocument) ([]part, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.documents[key]
	if e == nil {
		return nil, false
	}
	c.byUse.MoveToFront(e)
	return e.Value.(cacheEntry).parts, true
}

// put adds or replaces the parts of a document.
func (c *indexCache) put(key cachedDocument, parts []part) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.documents[key]; e != nil {
		e.Value = cacheEntry{key, parts} // as many parts as before
		return
	}
	if c.documents == nil {
		c.documents = map[cachedDocument]*list.Element{}
	}
	c.documents[key] = c.byUse.PushFront(cacheEntry{key, parts})
	c.parts += cost(parts)
	for c.parts > maxCachedParts {
		last := c.byUse.Remove(c.byUse.Back()).(cacheEntry)
		delete(c.documents, last.key)
		c.parts -= cost(last.parts)
	}
}

// cost returns the size of a document in the cache, in parts.
func cost(parts []part) int { return len(parts) + 10 }
