/* Places on the sphere. The haversine formula keeps its digits for points that are metres apart. */
#include "cep/place.h"

#include <math.h>

static double radians(double degrees)
{
    return degrees * (M_PI / 180);
}

double place_distance(Point a, Point b)
{
    double latitude = sin(radians(b.y - a.y) / 2), longitude = sin(radians(b.x - a.x) / 2);
    double h = latitude * latitude + cos(radians(a.y)) * cos(radians(b.y)) * longitude * longitude;
    return 2 * PLACE_RADIUS * asin(sqrt(h < 1 ? h : 1));
}

double place_bearing(Point a, Point b)
{
    double longitude = radians(b.x - a.x);
    double y = sin(longitude) * cos(radians(b.y));
    double x = cos(radians(a.y)) * sin(radians(b.y)) - sin(radians(a.y)) * cos(radians(b.y)) * cos(longitude);
    double degrees = atan2(y, x) * (180 / M_PI);
    if (degrees < 0)
        degrees += 360;
    return degrees < 360 ? degrees : 0;
}
