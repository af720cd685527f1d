// Judges an audit log from the outside, with nothing of the server's: golang.org/x/mod reads and proves (sumdb/note,
// sumdb/tlog), Tessera's fsck rebuilds the whole tree from entry bundles and compares every tile.
//
//	audit -log URL -key VKEY [-token-file FILE] [-old CHECKPOINT-FILE] [-events ID,ID…] [-from INDEX] [-fsck] [-keep FILE]
//
// A judgement is a line that begins with ok; the first that fails ends the program with status 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tileHeight is that of C2SP tlog-tiles: 2^8 hashes to a tile.
const tileHeight = 8

func main() {
	base := flag.String("log", "", "the log's `URL`: checkpoint, tile and proofs are below it")
	key := flag.String("key", "", "the log's verifier key (C2SP signed-note)")
	tokenFile := flag.String("token-file", "", "a `file` with an access token")
	old := flag.String("old", "", "a `file` with an older checkpoint of the log, which must be consistent")
	keep := flag.String("keep", "", "the `file` that keeps the checkpoint that was judged")
	events := flag.String("events", "", "`ids` of events, whose inclusion proofs are judged")
	from := flag.Int64("from", -1, "compare every event from this `index` on with the tiles; the log's minimum index where it is pruned")
	whole := flag.Bool("fsck", false, "rebuild the whole tree from the entry bundles")
	flag.Parse()
	judge := func(what string, err error) {
		if err != nil {
			fmt.Printf("FAILED %s: %v\n", what, err)
			os.Exit(1)
		}
		fmt.Printf("ok %s\n", what)
	}

	l, err := open(*base, *key, *tokenFile)
	judge("the verifier key is one", err)
	signed, tree, err := l.checkpoint()
	judge("the checkpoint is signed by the log's key", err)
	hashes := tlog.TileHashReader(tree, l)
	root, err := tlog.TreeHash(tree.N, hashes)
	if err == nil && root != tree.Hash {
		err = fmt.Errorf("the tiles give the root %s, the checkpoint says %s", root, tree.Hash)
	}
	judge(fmt.Sprintf("the tiles give the root of %d events", tree.N), err)

	if *old != "" {
		judge("the older checkpoint is consistent, by the log's proof and by its tiles", l.consistent(*old, tree, hashes))
	}
	for _, id := range strings.FieldsFunc(*events, func(r rune) bool { return r == ',' }) {
		judge("the event "+id+" is included, by the log's proof and by its tiles", l.included(id, tree, hashes))
	}
	if *from >= 0 {
		what := fmt.Sprintf("each of the events from %d on has the hash that the tiles prove", *from)
		judge(what, l.entries(*from, tree, hashes))
	}
	if *whole {
		judge("the tree that the entry bundles give is the log's, tile by tile", l.fsck())
	}
	if *keep != "" {
		judge("the checkpoint is kept", os.WriteFile(*keep, signed, 0o600))
	}
}

// log is a log behind a URL.
type log struct {
	base     *url.URL
	token    string
	verifier note.Verifier
	client   *http.Client
}

func open(base, key, tokenFile string) (*log, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	root, err := url.Parse(strings.TrimSuffix(base, "/") + "/")
	if err != nil {
		return nil, err
	}
	l := &log{base: root, verifier: verifier, client: &http.Client{Timeout: time.Minute}}
	if tokenFile != "" {
		token, err := os.ReadFile(tokenFile)
		if err != nil {
			return nil, err
		}
		l.token = strings.TrimSpace(string(token))
	}
	return l, nil
}

func (l *log) get(path string) ([]byte, error) {
	reference, err := l.base.Parse(path)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest(http.MethodGet, reference.String(), nil)
	if err != nil {
		return nil, err
	}
	if l.token != "" {
		request.Header.Set("Authorization", "Bearer "+l.token)
	}
	response, err := l.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s was answered %s", path, response.Status)
	}
	return body, nil
}

func (l *log) checkpoint() ([]byte, tlog.Tree, error) {
	signed, err := l.get("checkpoint")
	if err != nil {
		return nil, tlog.Tree{}, err
	}
	tree, err := l.opened(signed)
	return signed, tree, err
}

// opened reads a checkpoint (C2SP tlog-checkpoint): its note must carry the log's signature and name the log.
func (l *log) opened(signed []byte) (tlog.Tree, error) {
	opened, err := note.Open(signed, note.VerifierList(l.verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	origin, rest, _ := strings.Cut(opened.Text, "\n")
	if origin != l.verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the checkpoint is of %q", origin)
	}
	var size int64
	var hash string
	if n, err := fmt.Sscanf(rest, "%d\n%s\n", &size, &hash); n != 2 {
		return tlog.Tree{}, fmt.Errorf("the checkpoint's text: %w", err)
	}
	root, err := tlog.ParseHash(hash)
	return tlog.Tree{N: size, Hash: root}, err
}

// Height is part of tlog.TileReader.
func (l *log) Height() int { return tileHeight }

// SaveTiles is part of tlog.TileReader: nothing is kept.
func (l *log) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles is part of tlog.TileReader. In C2SP tlog-tiles the height is not a part of a tile's path.
func (l *log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		var err error
		if data[i], err = l.get(path); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (l *log) consistent(file string, tree tlog.Tree, hashes tlog.HashReader) error {
	signed, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	old, err := l.opened(signed)
	if err != nil {
		return fmt.Errorf("the older checkpoint: %w", err)
	}
	if old.N == 0 {
		return errors.New("the older checkpoint is of an empty log, with which every log is consistent")
	}
	own, err := tlog.ProveTree(tree.N, old.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(own, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("by its tiles: %w", err)
	}
	body, err := l.get(fmt.Sprintf("proofs/consistency?from=%d&to=%d", old.N, tree.N))
	if err != nil {
		return err
	}
	var answer struct {
		Hashes []tlog.Hash `json:"hashes"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	if err := tlog.CheckTree(answer.Hashes, tree.N, tree.Hash, old.N, old.Hash); err != nil {
		return fmt.Errorf("by its proof: %w", err)
	}
	return nil
}

func (l *log) included(id string, tree tlog.Tree, hashes tlog.HashReader) error {
	body, err := l.get("proofs/inclusion?eventId=" + url.QueryEscape(id))
	if err != nil {
		return err
	}
	var answer struct {
		LeafIndex  int64       `json:"leafIndex"`
		TreeSize   int64       `json:"treeSize"`
		Hashes     []tlog.Hash `json:"hashes"`
		Checkpoint string      `json:"checkpoint"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	signed, err := l.opened([]byte(answer.Checkpoint))
	if err != nil {
		return fmt.Errorf("the proof's checkpoint: %w", err)
	}
	event, err := l.event(answer.LeafIndex, tree)
	if err != nil {
		return err
	}
	var content struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(event, &content); err != nil {
		return err
	}
	if content.ID != id {
		return fmt.Errorf("the leaf %d is the event %s", answer.LeafIndex, content.ID)
	}
	leaf := tlog.RecordHash(event)
	if err := tlog.CheckRecord(answer.Hashes, signed.N, signed.Hash, answer.LeafIndex, leaf); err != nil {
		return fmt.Errorf("by its proof: %w", err)
	}
	own, err := tlog.ProveRecord(tree.N, answer.LeafIndex, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(own, tree.N, tree.Hash, answer.LeafIndex, leaf); err != nil {
		return fmt.Errorf("by its tiles: %w", err)
	}
	return nil
}

// event is the content of a leaf, out of its entry bundle.
func (l *log) event(index int64, tree tlog.Tree) ([]byte, error) {
	bundle, err := client.GetEntryBundle(context.Background(), l.fetcher().ReadEntryBundle, uint64(index/256), uint64(tree.N))
	if err != nil {
		return nil, err
	}
	if within := int(index % 256); within < len(bundle.Entries) {
		return bundle.Entries[within], nil
	}
	return nil, fmt.Errorf("the bundle of the leaf %d ends before it", index)
}

// entries compares what the entry bundles have from an index on with the leaf hashes, which the reader proves.
func (l *log) entries(from int64, tree tlog.Tree, hashes tlog.HashReader) error {
	for bundle := from / 256; bundle*256 < tree.N; bundle++ {
		got, err := client.GetEntryBundle(context.Background(), l.fetcher().ReadEntryBundle, uint64(bundle), uint64(tree.N))
		if err != nil {
			return err
		}
		if want := min(256, tree.N-bundle*256); int64(len(got.Entries)) != want {
			return fmt.Errorf("the bundle %d has %d events of %d", bundle, len(got.Entries), want)
		}
		indexes := make([]int64, len(got.Entries))
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, bundle*256+int64(i))
		}
		leaves, err := hashes.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, entry := range got.Entries {
			if index := bundle*256 + int64(i); index >= from && tlog.RecordHash(entry) != leaves[i] {
				return fmt.Errorf("the event at %d does not have its leaf's hash", index)
			}
		}
	}
	return nil
}

func (l *log) fetcher() *client.HTTPFetcher {
	fetcher, err := client.NewHTTPFetcher(l.base, l.client)
	if err != nil {
		panic(err) // It has no way to fail.
	}
	if l.token != "" {
		fetcher.SetAuthorizationHeader("Bearer " + l.token)
	}
	return fetcher
}

func (l *log) fsck() error {
	leaves := func(data []byte) ([][]byte, error) {
		var bundle api.EntryBundle
		if err := bundle.UnmarshalText(data); err != nil {
			return nil, err
		}
		hashes := make([][]byte, len(bundle.Entries))
		for i, entry := range bundle.Entries {
			hash := tlog.RecordHash(entry)
			hashes[i] = hash[:]
		}
		return hashes, nil
	}
	check := fsck.New(l.verifier.Name(), l.verifier, l.fetcher(), leaves, fsck.Opts{N: 4})
	return check.Check(context.Background())
}
