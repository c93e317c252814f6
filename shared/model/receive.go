package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/genai"

	"github.com/strongroom-dev/strongroom/shared/consent"
	"github.com/strongroom-dev/strongroom/shared/ledger"
)

// Finish reasons that mean that there is an answer.
const (
	finishStop      = string(genai.FinishReasonStop)
	finishMaxTokens = string(genai.FinishReasonMaxTokens)
)

// reasons are the block and finish reasons that the ledger and refusals name. A model
// could send any other text, so it is called OTHER.
var reasons = []string{
	string(genai.FinishReasonSafety), string(genai.FinishReasonRecitation), string(genai.FinishReasonLanguage), string(genai.FinishReasonOther),
	string(genai.FinishReasonBlocklist), string(genai.FinishReasonProhibitedContent), string(genai.FinishReasonSPII),
	string(genai.FinishReasonMalformedFunctionCall), string(genai.FinishReasonImageSafety), string(genai.FinishReasonUnexpectedToolCall),
	string(genai.FinishReasonTooManyToolCalls), string(genai.FinishReasonImageProhibitedContent), string(genai.FinishReasonNoImage),
	string(genai.FinishReasonImageRecitation), string(genai.FinishReasonImageOther), string(genai.FinishReasonContinuation),
	string(genai.BlockedReasonModelArmor), string(genai.BlockedReasonJailbreak),
}

func knownReason(reason string) string {
	if slices.Contains(reasons, reason) {
		return reason
	}
	return string(genai.FinishReasonOther)
}

// Errors of answers.
var (
	errBlocked = errors.New("the model refused")
	errParts   = errors.New("the answer has something else than text")
)

// receive sends the request and reads the answer. It returns how the request ended, if
// it was recorded.
func (s *send) receive(ctx context.Context, client *genai.Client, yield func(string) error) (ledger.End, error) {
	stream := client.Models.GenerateContentStream(ctx, s.endpoint.Model, contents(s.encoded), settings(s.spec))
	var failed, stopped error
	for chunk, err := range stream {
		if failed = err; failed == nil {
			failed = s.add(chunk, func(piece string) error { stopped = yield(piece); return stopped })
		}
		if failed != nil {
			break
		}
	}
	end, err := s.outcome(failed)
	if stopped != nil {
		err = stopped
	}
	return end, err
}

// add adds a piece of the answer.
func (s *send) add(chunk *genai.GenerateContentResponse, yield func(string) error) error {
	if chunk.ModelVersion != "" && len(chunk.ModelVersion) <= maxVersion {
		s.version = chunk.ModelVersion
	}
	if u := chunk.UsageMetadata; u != nil {
		s.tokensIn, s.tokens, s.counted = int64(u.PromptTokenCount), int64(u.CandidatesTokenCount)+int64(u.ThoughtsTokenCount), true
	}
	if f := chunk.PromptFeedback; f != nil && f.BlockReason != "" {
		s.finish = knownReason(string(f.BlockReason))
		return errBlocked
	}
	if len(chunk.Candidates) == 0 || chunk.Candidates[0] == nil {
		return nil
	}
	candidate := chunk.Candidates[0]
	if err := s.addContent(candidate.Content, yield); err != nil {
		return err
	}
	switch reason := string(candidate.FinishReason); reason {
	case "", string(genai.FinishReasonUnspecified):
		return nil
	case finishStop, finishMaxTokens:
		s.finish = reason
		return nil
	default:
		s.finish = knownReason(reason)
		return errBlocked
	}
}

// maxVersion bounds the version that a model says it is.
const maxVersion = 100

func (s *send) addContent(content *genai.Content, yield func(string) error) error {
	if content == nil {
		return nil
	}
	for _, part := range content.Parts {
		switch {
		case part == nil || part.Thought:
			continue
		case part.FunctionCall != nil || part.FunctionResponse != nil || part.ExecutableCode != nil || part.CodeExecutionResult != nil ||
			part.InlineData != nil || part.FileData != nil:
			return errParts
		case len(s.text)+len(part.Text) > s.spec.MaxAnswerBytes:
			return errTooLong
		case part.Text == "":
			continue
		}
		s.text = append(s.text, part.Text...)
		_, _ = s.digest.Write([]byte(part.Text)) // a hash does not fail
		if err := yield(part.Text); err != nil {
			return err
		}
	}
	return nil
}

// outcome returns how the request ended, and the error for the caller. failed is the
// first error of the stream.
func (s *send) outcome(failed error) (ledger.End, error) {
	var api genai.APIError
	var refused *consent.Refusal
	var syntax *json.SyntaxError
	switch {
	case errors.As(s.cause, &refused):
		refused.Entry = s.id
		return s.end(ledger.NotSent, string(refused.Code)), refused
	case failed != nil && !s.sending.stop():
		return s.end(ledger.NotSent, ""), s.notSent()
	case errors.Is(failed, errBlocked):
		return s.end(ledger.Blocked, s.finish), s.refusal(consent.CodeBlocked, s.finish)
	case errors.Is(failed, errTooLong), errors.Is(failed, errParts), errors.As(failed, &syntax):
		return s.end(ledger.Invalid, ""), s.refusal(consent.CodeAnswer, "")
	case errors.As(failed, &api):
		return s.end(ledger.Failed, fmt.Sprintf("http-%d", api.Code)), s.refusal(consent.CodeUnavailable, "")
	case failed != nil || s.finish == "":
		return s.end(ledger.Interrupted, ""), s.refusal(consent.CodeUnavailable, "")
	}
	return s.end(ledger.Answered, s.finish), nil
}

// notSent returns the error of a request of which no byte was sent.
func (s *send) notSent() error {
	if s.id == "" {
		return s.cause
	}
	return s.refusal(consent.CodeNotSent, "")
}
