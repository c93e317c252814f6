package outputs

import (
	"strconv"
	"testing"
)

func TestTheCacheOfIndexesIsBounded(t *testing.T) {
	t.Parallel()
	var c indexCache
	used := cachedDocument{path: "used", parts: 1, sum: 1}
	c.put(used, make([]part, 1))
	for n := range 3 * maxCachedParts / packedParts {
		c.put(cachedDocument{path: strconv.Itoa(n), parts: packedParts}, make([]part, packedParts))
		if _, ok := c.get(used); !ok {
			t.Fatal("the document that is always used was removed")
		}
	}
	total := 0
	for _, e := range c.documents {
		total += cost(e.Value.(cacheEntry).parts)
	}
	if total != c.parts || total > maxCachedParts || total < maxCachedParts-2*packedParts || c.byUse.Len() != len(c.documents) {
		t.Errorf("the cache counts %d parts and has %d, in %d documents and %d entries", c.parts, total, len(c.documents), c.byUse.Len())
	}
	if _, ok := c.get(cachedDocument{path: "0", parts: packedParts}); ok {
		t.Error("the document that was used first is still cached")
	}
}
