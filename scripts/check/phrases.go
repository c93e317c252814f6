package main

// where is a set of the places in which a phrase is looked for.
type where int

const (
	anywhere  where = iota // Go comments and strings; the whole text of other files
	inComment              // Go comments only
)

// phrase is wording that a reader has to read twice.
type phrase struct {
	// pattern is a regular expression without regard to case. A space in it
	// also matches a line break. It matches whole words. A match that includes
	// its first group is legitimate.
	pattern string
	instead string // what to write
	in      where
}

// phrases are not allowed in comments, messages and documents.
var phrases = []phrase{
	// Words of an older English.
	{pattern: `anew`, instead: "again"},
	{pattern: `besides?`, instead: "next to, as well as, apart from"},
	{pattern: `by and by`, instead: "later"},
	{pattern: `(?:is|are) none`, instead: "none exists, is missing, is not one"},
	{pattern: `at hand`, instead: "available"},
	{pattern: `shall`, instead: "must, will"},
	{pattern: `likewise`, instead: "also, the same"},
	{pattern: `hitherto|henceforth|hereafter|thereafter|thereof|therein|whereof|wherein|whereby|whence|thence|lest|upon|unto|stead|mends?|mended|amid`,
		instead: "the common word: until now, then, of it, in which, from where, so that … not, on, instead, fix"},
	{pattern: `of (?:then|before|old|late)`, instead: "earlier, previous, out of date"},
	{pattern: `(?:all|none) else`, instead: "everything else, otherwise"},
	{pattern: `but for`, instead: "except for"},
	{pattern: `so many( that)?`, instead: "the number, or what the number is"},
	{pattern: `be had`, instead: "be available"},
	{pattern: `for good( measure)?`, instead: "permanently"},

	// Inverted sentences.
	{pattern: `(?:be|begins? with|is|are) none of`, instead: "must not …, not any of"},
	{pattern: `of none`, instead: "of no …"},
	{pattern: `be none`, instead: "not be present"},
	{pattern: `as (?:it|they|we) (?:must|should)(?: be)?`, instead: "correct, passed, as expected"},

	// One verb for many things.
	{pattern: `(?:is|are|was|were|be|been|being) (?:\w+ )?told`, instead: "is notified, recorded, reported or listed"},
	{pattern: `told (?:of|otherwise|about)`, instead: "notified of, reported; recorded with different values"},
	{pattern: `tells?(?:ing)? of`, instead: "lists, reports, describes"},
	{pattern: `what (?:is|was|has been) (?:told|said)`, instead: "what is reported, the report"},
	{pattern: `gives( up)?`, instead: "returns", in: inComment},
	{pattern: `tells( them apart)?`, instead: "returns, reports, prints", in: inComment},
	{pattern: `goes on|go on|went on`, instead: "continues"},
	{pattern: `rests|resting`, instead: "is stored"},
	{pattern: `tak(?:es?|ing) in|taken in|took in`, instead: "includes, processes, accepts"},
	{pattern: `puts? out`, instead: "outputs, prints"},
	{pattern: `stands? (?:twice|on|in front|before|beside|at)`, instead: "is, is duplicate, uses, comes before"},
	{pattern: `what becomes? of|what became of|what will become of`, instead: "what happens to, the result of"},
	{pattern: `passed over`, instead: "skipped"},
	{pattern: `turned over`, instead: "paged through"},
	{pattern: `held against`, instead: "compared with; objective"},
	{pattern: `stretch of`, instead: "range of"},

	// Texts that users and operators have seen.
	{pattern: `of the house`, instead: "repository layout, project"},
	{pattern: `not as it must`, instead: "FAILED"},
	{pattern: `the request is not as it must be`, instead: "the request is invalid; correct the fields listed in errors"},
	{pattern: `there is no such name here`, instead: "unknown field; remove it"},
	{pattern: `is no nextPageToken`, instead: "pageToken is not valid for this query; start again without it"},
	{pattern: `what was told first stands`, instead: "the first values are kept"},
	{pattern: `looked no further`, instead: "stopped there"},
	{pattern: `worse ones? may stand`, instead: "there may be worse unresolved issues"},
	{pattern: `comes any more`, instead: "there are no recent …"},
	{pattern: `(?:does|do|did) no harm`, instead: "it is safe to …"},
	{pattern: `on our (?:side|log)`, instead: "internal error; it has been logged"},
	{pattern: `left for the relay`, instead: "outbox publish deferred"},
	{pattern: `at every door`, instead: "all of the tenant's requests"},
	{pattern: `reasons that may pass`, instead: "transient failures"},
	{pattern: `comes? too (?:early|soon|late)`, instead: "a caller that is too early"},
	{pattern: `say what becomes`, instead: "investigate or ignore"},
	{pattern: `may do all`, instead: "has full access"},
	{pattern: `may be given often`, instead: "repeatable"},
	{pattern: `nobody shall take`, instead: "so that these are not mistaken for …"},
	{pattern: `writes an output, whole or in part`, instead: "Print an output, or part of it"},
	{pattern: `assistants live on`, instead: "assistants use"},
}

// badName is an identifier that says nothing to somebody who has not read the
// file.
type badName struct {
	dir     string // regular expression for the directory; empty for all
	name    string // regular expression for the whole identifier
	instead string
}

// badNames are not allowed for any identifier.
var badNames = []badName{
	{name: `.*(?i:untaken|retell|retold|toldotherwise|untold).*`, instead: "stuck, republish, isConflict, rejected"},
	{name: `.*(?:anew|Anew|[bB]eside)`, instead: "again, nextTo"},
	{name: `.*Elsewhere`, instead: "CloudProcess, NewTarget, ErrIDTaken"},
	{name: `lateSightings`, instead: "rebuildSightings"},
	{name: `RunSeen`, instead: "RunResult"},
	{name: `unfolded`, instead: "notYetFolded"},
	{name: `settleOthers|settlePage|othersOf|errMany`, instead: "resolveUnseen, resolveUnseenPage, unseenIssues, errTooManyIssues"},
	{name: `tellingSLIs`, instead: "noteworthySLIs"},
	{name: `sayMore`, instead: "noteTruncation"},
	{name: `commitWord`, instead: "commitAnnotation"},
	{name: `desk|clerk|deed|hasty`, instead: "seededTenant, process, action, fastForwardClock"},
	{dir: `functions/runs`, name: `said`, instead: "parsedReport"},
}

// badDeclarations are common words. They are not allowed as the name of a
// type, function, method, or package-level variable of the package where they
// hid the meaning.
var badDeclarations = []badName{
	{dir: `functions/runs`, name: `late|again`, instead: "completeEarlyReport, rebuildSighting"},
	{dir: `functions/runs`, name: `tried|repeated|nothing|public|stored`, instead: "commitSent, mayHaveCommitted, noWrites, toProblem, truncateToMicros"},
	{dir: `functions/runs`, name: `prepared`, instead: "sealedReport"},
	{dir: `shared/(?:run|records)`, name: `Settled|Due|Place|Taken|Begin`, instead: "GrantsFinal, RepublishAt, Ref, IDReservation, OpenExpectingNew"},
	{dir: `functions/sweep`, name: `miss|move|finish`, instead: "markMissing, setStates, markGrantsFinal"},
	{dir: `functions/assistant.*`, name: `space|known|concerned|looks|looked`, instead: "workspace, checkSnapshot, affectedIssues, conclusiveRange"},
	{dir: `functions/assistant.*`, name: `folding|once|do|flights`, instead: "foldCommit, singleFlight, execute, inFlight"},
	{dir: `functions/assistant.*`, name: `pace|early|hurry|patience|interval`,
		instead: "writePacer, tooSoonError, immediateRetries, maxWait, minWriteInterval"},
	{dir: `functions/assistant.*`, name: `offer|leave|may|held`, instead: "candidates, excluded, accessLevel, current"},
	{dir: `functions/assistant.*`, name: `look|maxLook|maxTop`, instead: "gather, maxPages, maxWorst"},
	{dir: `functions/(?:assistant.*|catalog)`, name: `say|word|goes|says|put|shared`,
		instead: "annotate, annotation, isStale, hasTag, catalogUpload, intern"},
	{dir: `shared/(?:issue|records)`, name: `Past|Seen|marks|remember|cleared`,
		instead: "SightingHistory, SightingFacts, starts, record, resolvedBefore"},
	{dir: `shared/(?:issue|records)`, name: `recents|decides|Standing|standing|settle|life|same`,
		instead: "recentRuns, conclusive, Unresolved, active, derive, storedState, equalFacts"},
	{dir: `shared/(?:issue|records)`, name: `On|Concerned|mayVary|lift`, instead: "CryptFunc.Apply, AffectedBy, maybeVariable, promote"},
	{dir: `shared/sli`, name: `Outlook|Against|over|filled`, instead: "AlertHorizon, WithObjective, summarize, withDefaults"},
	{dir: `shared/access`, name: `Act|judge|unproven|named|locate`, instead: "Request, decide, unauthenticatedError, pathIDs, resolveTenant"},
	{dir: `shared/quarantine`, name: `Keeper|Guard`, instead: "Recorder, Wrap"},
	{dir: `shared/keys`, name: `hold|drop|forget|dropOldest`, instead: "cache, evict"},
	{dir: `functions/outputs`, name: `ask|cut|behind|scanned`, instead: "selection, abort, offsetAfterLine, scanResult"},
	{dir: `functions/replay`, name: `box|sift|original`, instead: "deadLetterSubscription, splitByPublishTime, originalAttributes"},
	{dir: `functions/reseal`, name: `turn|work`, instead: "resealPages, tenantJob"},
	{dir: `emulator/.*`, name: `bring|buried|tell|told|Reach`, instead: "deliver, deadLetter, notifyIfDrained, processInfo, NewTarget"},
	{dir: `scripts/strongroom/.*`, name: `pour|through|takes`, instead: "copyLines, copyThrough"},
}
