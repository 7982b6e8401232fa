curl -X POST -H 'Content-Type: application/x-www-form-urlencoded' -d '
    grant_type=refresh_token&
    client_id=anonymous&
    refresh_token=<----REFRESH_TOKEN---->' https://login.example.org/auth/realms/platform/protocol/openid-connect/token
