curl -X POST -H 'Content-Type: application/x-www-form-urlencoded' -d 'client_id=anonymous&
    grant_type=password&
    response_type=token&
    scope=openid&
    username=<---USERNAME--->&
    password=<---PASSWORD--->' https://login.example.org/auth/realms/platform/protocol/openid-connect/token
