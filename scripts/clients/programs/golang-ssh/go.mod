module tidewaiter.example/clients/golang-ssh

go 1.26.0

require golang.org/x/crypto v0.54.0

require golang.org/x/sys v0.47.0 // indirect
