package main

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs etcd in this process, in a folder that goes away with the test: nothing is synced to disk. It is reached
// by Unix sockets in that folder only.
func startEtcd(folder string) (address string, stop func(), err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", nil, err
	}
	socket := func(name string) url.URL { return url.URL{Scheme: "unix", Path: filepath.Join(folder, name)} }
	client, peer := socket("client"), socket("peer")
	config := embed.NewConfig()
	config.Dir = filepath.Join(folder, "data")
	config.LogLevel = "error"
	config.LogOutputs = []string{"stderr"}
	config.UnsafeNoFsync = true
	// One member elects itself; the usual second of patience serves nobody.
	config.TickMs, config.ElectionMs = 10, 100
	config.ListenClientUrls, config.ListenPeerUrls = []url.URL{client}, []url.URL{peer}
	// Must be TCP addresses; the only member has nobody to tell them.
	nowhere := []url.URL{{Scheme: "http", Host: "127.0.0.1:1"}}
	config.AdvertiseClientUrls, config.AdvertisePeerUrls = nowhere, nowhere
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return "", nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
	case err := <-etcd.Err():
		return "", nil, err
	case <-time.After(20 * time.Second):
		etcd.Close()
		return "", nil, errors.New("not ready after 20 s")
	}
	return client.String(), etcd.Server.HardStop, nil
}
